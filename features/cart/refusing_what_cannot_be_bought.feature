@cart
Feature: Refusing what cannot be bought
  In order not to be disappointed at the checkout
  As a customer
  I want to learn at once that something cannot be bought

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each

  Rule: No more goods than are available go in a cart
    Example: The last units go in the cart
      When Aysel puts 5 "Copper kettle" in her cart
      Then Aysel's cart holds 5 "Copper kettle"

    Example: One more than there are
      When Aysel puts 6 "Copper kettle" in her cart
      Then it is refused, because too few are in stock
      And Aysel's cart is empty

    Example: What is held for others is not available
      Given Murad has ordered 4 "Copper kettle"
      When Aysel puts 2 "Copper kettle" in her cart
      Then it is refused, because too few are in stock

  Rule: A quantity is at least one
    Example: None at all
      When Aysel puts 0 "Copper kettle" in her cart
      Then it is refused, because it cannot be understood
      And Aysel's cart is empty

    Example: Fewer than none
      When Aysel puts -1 "Copper kettle" in her cart
      Then it is refused, because it cannot be understood

  Rule: Only goods the shop sells go in a cart
    Example: Goods nobody sells
      When Aysel puts 1 "Moonstone" in her cart
      Then it is refused, because nothing of the kind is known
