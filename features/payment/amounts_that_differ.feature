@payment
Feature: Amounts that differ
  In order not to sell a kettle for a penny
  As a shop owner
  I want a payment of another amount to wait for a person

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has ordered 2 "Copper kettle"

  Rule: Only the amount due pays for the order
    @where_amounts_are_told
    Example: A penny too little
      Given Aysel is paying for her order by card
      When the bank confirms 79.99 AZN
      Then the payment is under review
      And the order is on hold
      And the payment is not completed

    @where_amounts_are_told
    Example: A penny too much
      When the bank confirms 80.01 AZN
      Then the payment is under review
      And the order is on hold

    @where_currencies_are_told
    Example: The right number in another currency
      When the bank confirms 80.00 USD
      Then the payment is under review
      And the order is on hold

  Rule: Goods stay held while a person decides
    @where_amounts_are_told
    Example: Nobody else may buy them
      When the bank confirms 79.99 AZN
      Then the payment is under review
      And 2 "Copper kettle" are held
      And the bill is not verified
