@payment
Feature: What a payment tells
  In order to answer my customers' questions
  As a member of staff
  I want every payment to say who paid what for which orders, and how

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has ordered 2 "Copper kettle"

  Rule: A payment says who pays what
    Example: A payment just begun
      When staff look at the payment
      Then the payment was made by Aysel
      And the payment comes to 80.00 AZN
      And the payment is not completed
      And the payment has a reference of its own
      And the payment is for an order of 80.00 AZN

  Rule: A payment keeps what was sent and what was answered
    Example: A payment that succeeded
      Given Aysel has paid for her order by card
      When staff look at the payment
      Then the payment is a success
      And the payment names the gateway's own transaction
      And the payment keeps the request and the reply
      And the payment was last changed after it was made

    Example: A payment the bank refused
      Given the bank has refused Aysel's first payment
      When staff look at the payment
      Then the payment is failed
      And the payment keeps the request and the reply

  Rule: Of a card only the mask is kept
    @where_cards_are_shown
    Example: The card of a paid order
      Given Aysel has paid for her order by card
      When staff look at the payment
      Then the payment shows a card ending in 1111, the rest hidden
      And no card number or secret is kept with the payment

  Rule: Every attempt has a reference of its own
    Example: Two attempts at one order
      Given the bank has refused Aysel's first payment
      When Aysel pays for her order by card
      Then the order has 2 payments
      And the payments of the order have different references
