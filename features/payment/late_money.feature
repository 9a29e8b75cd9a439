@payment
Feature: Late money
  In order to get either my goods or my money
  As a customer
  I want money that comes late to be accounted for

  Background:
    Given the shop holds goods only for a moment
    And 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has ordered 2 "Copper kettle"

  Rule: Late money pays for the order while the goods are there
    Example: The money comes after the hold has run out
      Given the hold has run out
      When the money arrives after all
      Then the order is in processing
      And the payment is a success
      And 3 "Copper kettle" are left in stock

    Example: The money comes after the bank had refused
      Given the bank has refused Aysel's first payment
      When the money arrives after all
      Then the order is in processing

  Rule: Late money that buys nothing is never kept in silence
    Example: The goods have been sold to somebody else
      Given the hold has run out
      And Murad has ordered 4 "Copper kettle" by cash at the counter
      When the money arrives after all
      Then the late money is in the hands of a person
      And Aysel's order is failed
      And 1 "Copper kettle" are left in stock

    Example: The order has been cancelled
      Given Aysel has cancelled her order
      When the money arrives after all
      Then the late money is in the hands of a person
      And the order is cancelled
      And 5 "Copper kettle" are free to buy
