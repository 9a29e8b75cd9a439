@payment
Feature: Hearing from the gateway
  In order to send goods as soon as they are paid
  As a shop owner
  I want one word from the gateway to be enough, however it comes

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has ordered 2 "Copper kettle"

  Rule: The gateway's report or the customer's return is enough
    Example: Aysel closes her browser after paying
      When the bank confirms 80.00 AZN, and Aysel never comes back
      Then the order is in processing
      And the payment is a success

    Example: The gateway's report is lost
      When the bank confirms 80.00 AZN, and only Aysel comes back
      Then the order is in processing
      And the payment is a success

    Example: Both come at the same time
      When the bank confirms 80.00 AZN
      Then the order is in processing
      And the order was sent to processing once

  Rule: A refusal is heard the same two ways
    Example: The bank refuses, and Aysel closes her browser
      When the bank refuses the payment, and Aysel never comes back
      Then the order is failed

    @where_the_bank_decides_alone
    Example: The bank refuses, and the gateway's report is lost
      When the bank refuses the payment, and only Aysel comes back
      Then the order is failed

  Rule: A report about nothing we know is taken and put aside
    @in_one_dialect
    Example: An unknown payment
      When the gateway reports a payment nobody knows
      Then the report is taken
      And the order is on hold
