@access
Feature: Managing products
  In order to sell what I have at today's price
  As a member of staff
  I want to say what is on sale, how many and at what price

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each

  Rule: Staff say what is sold and how many there are
    Example: New goods are put on sale
      When staff put 7 "Tea glass" on sale at 2.35 AZN each
      Then 7 "Tea glass" are free to buy
      And "Tea glass" costs 2.35 AZN

    Example: Somebody who is just looking sees the goods
      When somebody not signed in looks at "Copper kettle"
      Then they see that "Copper kettle" costs 40.00 AZN

    Example: New stock arrives
      When staff count 12 "Copper kettle"
      Then 12 "Copper kettle" are free to buy

  Rule: Goods held for customers cannot be counted away
    Example: Fewer than are held
      Given Aysel has ordered 2 "Copper kettle"
      When staff count 1 "Copper kettle"
      Then it is refused, because units are held for customers
      And 5 "Copper kettle" are left in stock

    Example: Exactly as many as are held
      Given Aysel has ordered 2 "Copper kettle"
      When staff count 2 "Copper kettle"
      Then 0 "Copper kettle" are free to buy
      And 2 "Copper kettle" are held

  Rule: Prices and counts make sense
    Example: A negative count
      When staff count -1 "Copper kettle"
      Then it is refused, because it cannot be understood
      And 5 "Copper kettle" are left in stock

    Example: A negative price
      When staff set the price of "Copper kettle" to -1.00 AZN
      Then it is refused, because it cannot be understood
      And "Copper kettle" costs 40.00 AZN
