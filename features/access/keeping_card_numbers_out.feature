@access
Feature: Keeping card numbers out
  In order not to be worth robbing
  As a shop owner
  I want card numbers to stay with the bank

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each

  Rule: A text that holds a card number is refused
    Example: A card number in the note to the seller
      Given Aysel has put 2 "Copper kettle" in her cart
      When Aysel checks out by card with her card number in the note
      Then it is refused, because it holds a card number
      And Aysel has no orders

    Example: An ordinary note to the seller
      Given Aysel has put 2 "Copper kettle" in her cart
      When Aysel checks out by card with a friendly note
      Then the order is on hold

  Rule: Of the card used at the bank only the mask is known
    Example: The card of a refused payment
      Given Aysel has ordered 2 "Copper kettle"
      When the bank refuses the payment
      Then the order is failed
      And no card number or secret is kept with the payment
