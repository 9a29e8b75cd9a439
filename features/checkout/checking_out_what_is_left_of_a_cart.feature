@checkout
Feature: Checking out what is left of a cart
  In order to pay for nothing twice
  As a customer one of whose orders was paid on its own
  I want the rest of my cart to be checked out once

  Background:
    Given Lahij Copper sells 5 "Copper kettle" at 40.00 AZN each
    And Sheki Sweets sells 9 "Box of halva" at 12.50 AZN each
    And Aysel has put 1 "Copper kettle" in her cart
    And Aysel has put 2 "Box of halva" in her cart

  Rule: An order paid on its own takes only its own lines from the cart
    Example: The kettle was paid by its key
      Given Aysel has checked out by card
      And the bank has refused Aysel's first payment
      When Aysel pays for her order with Lahij Copper by card
      Then the order with Lahij Copper is in processing
      And Aysel's cart holds 2 "Box of halva"

  Rule: What is left is not paid for twice
    Example: The halva is being paid by its key
      Given Aysel has checked out by card
      And the bank has refused Aysel's first payment
      And Aysel has paid for her order with Lahij Copper by card
      And Aysel is paying for her order with Sheki Sweets by card
      When Aysel checks out by card
      Then it is refused, because a payment is under way

    Example: The failed order of halva gives way to a new one
      Given Aysel has checked out by card
      And the bank has refused Aysel's first payment
      And Aysel has paid for her order with Lahij Copper by card
      When Aysel checks out by cash on delivery
      Then the payment comes to 25.00 AZN
      And the order with Sheki Sweets is cancelled
      And the order with Lahij Copper is in processing
