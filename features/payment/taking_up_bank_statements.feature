@payment
Feature: Taking up bank statements
  In order to send what is paid for without comparing lists by hand
  As a shop owner
  I want the bank's own statement to approve transfers, and to be told of all the rest

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has ordered 2 "Copper kettle" by bank transfer

  Rule: The exact amount under the right reference approves the payment
    Example: The transfer stands in the statement
      When the bank reports 80.00 AZN with Aysel's reference
      Then the order is in processing
      And the payment is a success
      And no person has to look at it

    Example: The next statement brings it again
      Given the bank has reported 80.00 AZN with Aysel's reference
      When the same statement is taken up again
      Then the entry was known already
      And the order was sent to processing once

  Rule: Money that does not fit is looked at by a person
    Example: A bank fee is missing
      When the bank reports 79.99 AZN with Aysel's reference
      Then a person is to look at 79.99 AZN
      And the order is on hold
      And the payment is not completed

    Example: Somebody paid too much
      When the bank reports 100.00 AZN with Aysel's reference
      Then the order is in processing
      And a person is to look at 20.00 AZN

    Example: A stranger forgot the reference
      When the bank reports 80.00 AZN without a reference
      Then a person is to look at 80.00 AZN
      And the order is on hold

  Rule: What undoes an earlier booking pays for nothing
    Example: The bank takes a booking back
      When the bank reports a reversal of 80.00 AZN with Aysel's reference
      Then a person is to look at 80.00 AZN
      And the order is on hold

  Rule: Money for what is over is looked at by a person
    Example: Aysel transfers the money twice
      Given the bank has reported 80.00 AZN with Aysel's reference
      When the bank reports 80.00 AZN with Aysel's reference
      Then a person is to look at 80.00 AZN
      And the order was sent to processing once

    Example: Aysel has changed her mind
      Given Aysel has cancelled her order
      When the bank reports 80.00 AZN with Aysel's reference
      Then a person is to look at 80.00 AZN
      And the order is cancelled
