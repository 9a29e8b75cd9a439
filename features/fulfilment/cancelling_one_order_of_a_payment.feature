@fulfilment
Feature: Cancelling one order of a payment
  In order not to pay for goods I no longer want
  As a customer of several sellers
  I want to drop one order before I pay for the others

  Background:
    Given Lahij Copper sells 5 "Copper kettle" at 40.00 AZN each
    And Sheki Sweets sells 9 "Box of halva" at 12.50 AZN each
    And Aysel has put 1 "Copper kettle" in her cart
    And Aysel has put 2 "Box of halva" in her cart

  Rule: Cancelling one order ends the payment they share
    Example: The halva is cancelled
      Given Aysel has checked out by card
      When Aysel cancels her order with Sheki Sweets
      Then the order with Sheki Sweets is cancelled
      And the order with Lahij Copper is failed
      And the payment is failed
      And 9 "Box of halva" are free to buy

  Rule: The orders that remain may be paid by their keys
    Example: The kettle is still wanted
      Given Aysel has checked out by card
      And Aysel has cancelled her order with Sheki Sweets
      When Aysel pays for her order with Lahij Copper by card
      Then the order with Lahij Copper is in processing
      And the order with Sheki Sweets is cancelled
      And the gateway has taken 40.00 AZN
