@payment
Feature: Late money that nobody tells of
  In order that no customer's money is forgotten
  As a shop owner
  I want money to be looked for where a gateway cannot close what has ended

  Background:
    Given the shop holds goods only for a moment
    And the gateway of card closes no payments
    And 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has ordered 2 "Copper kettle"

  Rule: What can still be paid is looked after when the shop has given up
    Example: Aysel pays on a page that she had left open
      Given the hold has run out
      When the bank confirms 80.00 AZN, and nobody tells the shop
      Then the order is in processing
      And 3 "Copper kettle" are left in stock

    Example: Somebody else has bought the goods
      Given the hold has run out
      And Murad has ordered 4 "Copper kettle" by cash at the counter
      When the bank confirms 80.00 AZN, and nobody tells the shop
      Then the late money is in the hands of a person
      And 1 "Copper kettle" are left in stock
