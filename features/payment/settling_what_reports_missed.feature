@payment
Feature: Settling what reports missed
  In order that no customer's money is forgotten
  As a shop owner
  I want the shop itself to ask about payments it has heard nothing of

  Background:
    Given the shop asks about open payments every moment
    And 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has ordered 2 "Copper kettle"

  Rule: Money is found without a report and without the customer
    Example: Every word of the payment was lost
      Given the bank has confirmed 80.00 AZN, and nobody told the shop
      When the shop asks the gateway again
      Then the order is in processing
      And 3 "Copper kettle" are left in stock

    @where_the_bank_decides_alone
    Example: A refusal was lost
      Given the bank has refused the payment, and nobody told the shop
      When the shop asks the gateway again
      Then the order is failed
      And 5 "Copper kettle" are free to buy

  Rule: Staff may have the gateway asked at any time
    Example: Staff ask about one bill
      Given the bank has confirmed 80.00 AZN, and nobody told the shop
      When staff have the bill verified
      Then the order is in processing
      And the bill is verified
