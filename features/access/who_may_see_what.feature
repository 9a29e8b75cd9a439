@access
Feature: Who may see what
  In order to keep my purchases to myself
  As a customer
  I want only the shop's staff and me to see them

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has ordered 2 "Copper kettle"

  Rule: Customers see their own orders, payments and bills
    Example: Aysel lists her orders
      When Aysel looks at her orders
      Then they see 1 order

    Example: Aysel opens her payment
      When Aysel looks at the payment
      Then the payment comes to 80.00 AZN

  Rule: Lists show nothing of other customers
    Example: Murad lists his orders
      When Murad looks at his orders
      Then they see no orders

    Example: Murad lists his payments
      When Murad looks at his payments
      Then they see no payments

  Rule: What belongs to another customer does not exist
    Example: Murad opens Aysel's payment
      When Murad looks at the payment
      Then it is refused, because nothing of the kind is known

    Example: Murad opens Aysel's bill
      When Murad looks at the bill
      Then it is refused, because nothing of the kind is known

  Rule: Staff see the orders of all customers
    Example: Staff list the orders
      When staff look at all orders
      Then the order is among them

  Rule: Without signing in there is no cart and no payment to see
    Example: Somebody opens a payment
      When somebody not signed in looks at the payment
      Then it is refused, because signing in is required

    Example: Somebody opens a cart
      When somebody not signed in looks at a cart
      Then it is refused, because signing in is required

    Example: Somebody checks out
      When somebody not signed in checks out
      Then it is refused, because signing in is required
