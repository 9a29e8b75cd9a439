@cart
Feature: Keeping one cart per customer
  In order to find my things where I left them
  As a customer
  I want a cart that is mine alone

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each

  Rule: Every customer has a cart of their own
    Example: Two customers choose the same goods
      Given Aysel has put 2 "Copper kettle" in her cart
      When Murad puts 1 "Copper kettle" in his cart
      Then Aysel's cart holds 2 "Copper kettle"
      And Murad's cart holds 1 "Copper kettle"

  Rule: Goods in a cart are not held for anybody
    Example: Goods in a cart are still free to buy
      When Aysel puts 2 "Copper kettle" in her cart
      Then 5 "Copper kettle" are free to buy

  Rule: An emptied cart is simply empty
    Example: Aysel empties her cart
      Given Aysel has put 2 "Copper kettle" in her cart
      When Aysel empties her cart
      Then Aysel's cart is empty

    Example: Aysel looks at a cart she never filled
      When Aysel looks at her cart
      Then Aysel's cart is empty
