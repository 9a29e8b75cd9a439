@payment
Feature: Early reports
  In order not to lose a payment to a race
  As a shop owner
  I want a report that arrives before the gateway's answer to be heard

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has put 2 "Copper kettle" in her cart
    And the gateway reports before it answers

  Rule: An early report does no harm
    Example: The report comes while the checkout is still waiting
      When Aysel checks out by card
      Then the order is on hold
      And Aysel is sent to the gateway to pay

    Example: The payment goes on as usual
      Given Aysel has checked out by card
      When the bank confirms 80.00 AZN
      Then the order is in processing
      And the order was sent to processing once
      And 3 "Copper kettle" are left in stock
