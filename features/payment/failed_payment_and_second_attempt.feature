@payment
Feature: Failed payment and second attempt
  In order to get my goods although my first card was refused
  As a customer
  I want to try again

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has ordered 2 "Copper kettle"

  Rule: A refused payment frees the goods
    Example: The bank refuses the card
      Given Aysel is paying for her order by card
      When the bank refuses the payment
      Then the order is failed
      And the order is marked as not paid for
      And the payment is failed
      And 5 "Copper kettle" are free to buy

    Example: Aysel gives up at the gateway
      When Aysel gives up at the gateway
      Then the order is failed
      And 5 "Copper kettle" are free to buy

    Example: The cart is still there
      When the bank refuses the payment
      Then the order is failed
      And Aysel's cart holds 2 "Copper kettle"

  Rule: A failed order may be paid again with its key
    Example: A second attempt succeeds
      Given the bank has refused Aysel's first payment
      When Aysel pays for her order by card
      Then the order is in processing
      And the order has 2 payments
      And 3 "Copper kettle" are left in stock

    Example: The goods have been sold meanwhile
      Given the bank has refused Aysel's first payment
      And Murad has ordered 4 "Copper kettle"
      When Aysel tries to pay for her order by card
      Then it is refused, because too few are in stock
      And Aysel's order is failed

  Rule: Checking out the cart again replaces the failed order
    Example: Aysel starts over
      Given the bank has refused Aysel's first payment
      When Aysel checks out by cash on delivery
      Then Aysel's first order is cancelled
      And the order is on hold
