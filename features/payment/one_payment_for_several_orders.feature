@payment
Feature: One payment for several orders
  In order to settle everything I owe in one go
  As a customer
  I want to pay for several of my orders together

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And 9 "Box of halva" are in stock at 12.50 AZN each
    And Aysel has an unpaid order of 1 "Copper kettle"
    And Aysel has an unpaid order of 2 "Box of halva"

  Rule: One payment covers the sum of its orders
    Example: The payment shows its orders
      When Aysel starts one payment for both orders
      Then the payment comes to 65.00 AZN
      And the payment is for orders of 40.00 AZN and 25.00 AZN
      And every order is on hold

  Rule: The orders of one payment succeed or fail together
    Example: The bank confirms the sum of both orders
      Given Aysel has started one payment for both orders
      When the bank confirms 65.00 AZN
      Then every order is in processing
      And every order is paid

    Example: The bank refuses the sum of both orders
      Given Aysel has started one payment for both orders
      When the bank refuses the payment
      Then every order is failed
      And 5 "Copper kettle" are free to buy
      And 9 "Box of halva" are free to buy

  Rule: Only one's own orders are paid together
    Example: Murad slips in an order of Aysel's
      When Murad starts one payment for both orders
      Then it is refused, because nothing of the kind is known
      And every order is failed

  Rule: Orders in different currencies are not paid together
    Example: An order in dollars
      Given 5 "Silver spoon" are in stock at 12.00 USD each
      And Aysel has an unpaid order of 1 "Silver spoon"
      When Aysel starts one payment for all her orders
      Then it is refused, because the currencies differ
