@cart
Feature: Filling the cart
  In order to buy several things at once
  As a customer
  I want to gather them in a cart and see what they cost together

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And 20 "Tea glass" are in stock at 2.35 AZN each

  Rule: The cart shows its lines and what they cost together
    Example: One kind of goods is put in the cart
      When Aysel puts 2 "Copper kettle" in her cart
      Then Aysel's cart holds 2 "Copper kettle"
      And Aysel's cart costs 80.00 AZN

    Example: Two kinds of goods are added up to the last unit of money
      Given Aysel has put 1 "Copper kettle" in her cart
      When Aysel puts 3 "Tea glass" in her cart
      Then Aysel's cart costs 47.05 AZN

  Rule: Putting goods in the cart again sets how many there are
    Example: The quantity is changed
      Given Aysel has put 2 "Copper kettle" in her cart
      When Aysel puts 1 "Copper kettle" in her cart
      Then Aysel's cart holds 1 "Copper kettle"
      And Aysel's cart costs 40.00 AZN

  Rule: What is taken out of the cart is no longer counted
    Example: One of two kinds is taken out
      Given Aysel has put 1 "Copper kettle" in her cart
      And Aysel has put 2 "Tea glass" in her cart
      When Aysel takes "Copper kettle" out of her cart
      Then Aysel's cart costs 4.70 AZN

    Example: Goods that were never in the cart are taken out
      Given Aysel has put 2 "Tea glass" in her cart
      When Aysel takes "Copper kettle" out of her cart
      Then Aysel's cart costs 4.70 AZN
