@checkout
Feature: Holding goods at checkout
  In order to be sure of what I am paying for
  As a customer
  I want the goods held for me while I pay

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each

  Rule: Goods under payment are held, not yet sold
    Example: Two of five are held
      Given Aysel has put 2 "Copper kettle" in her cart
      When Aysel checks out by card
      Then 5 "Copper kettle" are left in stock
      And 2 "Copper kettle" are held
      And 3 "Copper kettle" are free to buy

  Rule: A paid order takes its goods out of the stock
    Example: The held goods are sold
      Given Aysel has ordered 2 "Copper kettle"
      When the bank confirms 80.00 AZN
      Then 3 "Copper kettle" are left in stock
      And 0 "Copper kettle" are held

  Rule: The last goods go to one customer only
    Example: Two customers want the last five
      Given Murad has put 5 "Copper kettle" in his cart
      And Aysel has ordered 5 "Copper kettle"
      When Murad checks out by card
      Then it is refused, because too few are in stock
      And 5 "Copper kettle" are held
