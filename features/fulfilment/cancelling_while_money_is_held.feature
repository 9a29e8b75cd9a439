@fulfilment
Feature: Cancelling while money is held
  In order to have nothing held for what I do not want any more
  As a customer
  I want to cancel my order while its money is not taken

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each

  Rule: Held money is let go of with the order
    Example: Aysel cancels what is not taken yet
      Given the gateway of card only holds the money
      And Aysel has ordered 2 "Copper kettle"
      And the bank holds 80.00 AZN
      When Aysel cancels her order
      Then the order is cancelled
      And the gateway takes no money for the payment any more

  Rule: Nobody cancels while the money may be taken already
    Example: Aysel cancels, and the gateway cannot say what was taken
      Given the gateway of card only holds the money, and does not tell once it is taken
      And Aysel has ordered 2 "Copper kettle"
      And the bank holds 80.00 AZN
      When Aysel cancels her order
      Then it is refused, because a payment is under way
      And the order is on hold

    Example: Staff cancel what the shop has taken
      Given the gateway of card only holds the money, and does not tell once it is taken
      And Aysel has ordered 2 "Copper kettle"
      And the bank holds 80.00 AZN
      And the shop has taken the money at the gateway by hand
      When staff cancel the order
      Then it is refused, because a payment is under way
      And the gateway has taken 80.00 AZN
