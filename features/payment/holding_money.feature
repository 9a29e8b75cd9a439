@payment
Feature: Holding money
  In order to take money only for what I deliver
  As a shop owner
  I want money that is only held to be let go of in time, and money that is taken never by mistake

  Background:
    Given the shop holds goods only for a moment
    And 5 "Copper kettle" are in stock at 40.00 AZN each

  Rule: Held money is let go of when the hold runs out
    Example: Nobody takes the held money
      Given the gateway of card only holds the money
      And Aysel has ordered 2 "Copper kettle"
      And the bank holds 80.00 AZN
      When the hold runs out
      Then the order is failed
      And 5 "Copper kettle" are free to buy
      And the gateway takes no money for the payment any more

  Rule: Money that may be taken already is left to a person
    Example: The gateway cannot say whether the money is only held
      Given the gateway of card only holds the money, and does not tell once it is taken
      And Aysel has ordered 2 "Copper kettle"
      And the bank holds 80.00 AZN
      When the hold runs out
      Then the payment is under review
      And 2 "Copper kettle" are held

    Example: The shop took the money before the hold ran out
      Given the gateway of card only holds the money, and does not tell once it is taken
      And Aysel has ordered 2 "Copper kettle"
      And the bank holds 80.00 AZN
      And the shop has taken the money at the gateway by hand
      When the hold runs out
      Then the payment is under review
      And the gateway has taken 80.00 AZN
