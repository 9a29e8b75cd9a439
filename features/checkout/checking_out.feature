@checkout
Feature: Checking out
  In order to receive what I have chosen
  As a customer
  I want my cart to become an order

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has put 2 "Copper kettle" in her cart

  Rule: A checkout turns the cart into an order on hold
    Example: The order is placed and waits for the money
      When Aysel checks out by card
      Then the order is on hold
      And the order is unpaid
      And the order comes to 80.00 AZN
      And the order went from new to on hold

    Example: The order names what was bought
      When Aysel checks out by card
      Then the order holds 2 "Copper kettle" at 40.00 AZN each

  Rule: The price in an order stays as it was
    Example: The price rises after the checkout
      Given Aysel has checked out by card
      When staff set the price of "Copper kettle" to 55.00 AZN
      Then the order comes to 80.00 AZN

    Example: The price rises before the checkout
      Given the price of "Copper kettle" has become 45.00 AZN
      When Aysel checks out by card
      Then the order comes to 90.00 AZN

  Rule: The cart is kept until the order is paid
    Example: The payment is still open
      When Aysel checks out by card
      Then Aysel's cart holds 2 "Copper kettle"

  Rule: A checkout answers with the key of the order
    Example: The key opens the order
      When Aysel checks out by card
      Then the key of the order opens it
      And the key of the order cannot be guessed
