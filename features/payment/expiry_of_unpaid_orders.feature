@payment
Feature: Expiry of unpaid orders
  In order to sell my goods to those who pay
  As a shop owner
  I want unpaid orders to let go of them after a while

  Background:
    Given the shop holds goods only for a moment
    And 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has ordered 2 "Copper kettle"

  Rule: Goods are held only until the deadline
    Example: Nobody pays in time
      When the hold runs out
      Then the order is failed
      And the payment is failed
      And 5 "Copper kettle" are free to buy

    Example: The cart outlives the order
      When the hold runs out
      Then Aysel's cart holds 2 "Copper kettle"

    Example: An expired order may still be paid with its key
      Given the hold has run out
      When Aysel pays for her order by card
      Then the order is in processing

  Rule: The gateway is asked before an order expires
    Example: The money had come, and nobody told the shop
      Given the bank has confirmed 80.00 AZN, and nobody told the shop
      When the hold runs out
      Then the order is in processing

    Example: A silent gateway keeps the hold
      Given the gateway gives no answer
      When the hold runs out
      Then the order is on hold
      And 2 "Copper kettle" are held

    Example: The bill is closed at the gateway too
      When the hold runs out
      Then the gateway takes no money for the payment any more

  Rule: Offline orders have deadlines of their own
    Example: An offline order does not expire with the others
      Given Murad has ordered 1 "Copper kettle" by bank transfer
      When the hold runs out
      Then Murad's order is on hold

    Example: The shop waits only a moment for transfers
      Given bank transfer is waited for only a moment
      And Murad has ordered 1 "Copper kettle" by bank transfer
      When the hold of Murad's order runs out
      Then Murad's order is failed
