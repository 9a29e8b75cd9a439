@checkout
Feature: One order per seller
  In order to be served by each seller on their own terms
  As a customer of several sellers
  I want one order for each of them, paid together

  Background:
    Given Lahij Copper sells 5 "Copper kettle" at 40.00 AZN each
    And Sheki Sweets sells 9 "Box of halva" at 12.50 AZN each
    And Aysel has put 1 "Copper kettle" in her cart
    And Aysel has put 2 "Box of halva" in her cart

  Rule: A checkout makes one order for each seller
    Example: Two sellers, two orders
      When Aysel checks out by card
      Then there is an order of 40.00 AZN for Lahij Copper
      And there is an order of 25.00 AZN for Sheki Sweets
      And Aysel has 2 orders

  Rule: One payment pays for all orders of a checkout
    Example: The bank confirms the sum
      Given Aysel has checked out by card
      When the bank confirms 65.00 AZN
      Then every order is in processing
      And Aysel's cart is empty

    Example: The bank refuses the sum
      Given Aysel has checked out by card
      When the bank refuses the payment
      Then every order is failed
