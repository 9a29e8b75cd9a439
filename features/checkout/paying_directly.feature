@checkout
Feature: Paying directly
  In order to sell over the counter
  As a shop owner
  I want a way to pay that is complete with the checkout

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has put 2 "Copper kettle" in her cart

  Rule: A directly paid order is complete with the checkout
    Example: Cash at the counter
      When Aysel checks out by cash at the counter
      Then the order is in processing
      And the order is paid
      And the payment is a success
      And nothing is left for Aysel to do
      And the answer shows the key of the order

    Example: The goods are sold and the cart is gone
      When Aysel checks out by cash at the counter
      Then 3 "Copper kettle" are left in stock
      And Aysel's cart is empty

  Rule: A direct method without auto approval waits for staff
    Example: The clerk must say so first
      Given cash at the counter waits for approval by staff
      When Aysel checks out by cash at the counter
      Then the order is on hold
      And the payment is not completed
