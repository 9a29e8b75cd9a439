@checkout
Feature: Repeating a checkout
  In order not to buy twice by mistake
  As a customer with a shaky connection
  I want a repeated checkout to count once

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has put 2 "Copper kettle" in her cart

  Rule: The same checkout sent again gets the same answer
    Example: The checkout is sent twice
      When Aysel's checkout by card is sent twice
      Then both answers are the same
      And Aysel has 1 order
      And 2 "Copper kettle" are held

    Example: The checkout is sent again after the payment
      Given Aysel's marked checkout by card has been paid
      When Aysel's marked checkout is sent again
      Then both answers are the same
      And Aysel has 1 order

  Rule: A repeat that asks for something else is refused
    Example: The repeat names another payment method
      Given Aysel's marked checkout by card has been sent
      When Aysel's marked checkout is sent again by bank transfer
      Then it is refused, because the repeat asks for something else
      And Aysel has 1 order

  Rule: A cart under payment is not checked out anew
    Example: Aysel checks out a second time
      Given Aysel has checked out by card
      When Aysel checks out by card
      Then it is refused, because a payment is under way
      And Aysel is shown the way back to the gateway
      And Aysel has 1 order
