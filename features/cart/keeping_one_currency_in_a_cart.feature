@cart
Feature: Keeping one currency in a cart
  In order to pay for a cart with one payment
  As a customer
  I want all its prices in the same currency

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And 5 "Silver spoon" are in stock at 12.00 USD each
    And 5 "Paper fan" are in stock at 900 JPY each

  Rule: A cart knows one currency
    Example: A second currency is refused
      Given Aysel has put 1 "Copper kettle" in her cart
      When Aysel puts 1 "Silver spoon" in her cart
      Then it is refused, because the currencies differ
      And Aysel's cart costs 40.00 AZN

    Example: An emptied cart may start in another currency
      Given Aysel has put 1 "Copper kettle" in her cart
      And Aysel has emptied her cart
      When Aysel puts 1 "Silver spoon" in her cart
      Then Aysel's cart costs 12.00 USD

  Rule: Amounts have the decimals of their currency
    Example: A currency without decimals
      When Aysel puts 3 "Paper fan" in her cart
      Then Aysel's cart costs 2700 JPY
