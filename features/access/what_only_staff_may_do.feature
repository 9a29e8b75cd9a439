@access
Feature: What only staff may do
  In order to run my shop myself
  As a shop owner
  I want customers to be kept from the work of staff

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has ordered 2 "Copper kettle" by bank transfer

  Rule: Customers do not decide about payments and orders
    Example: Aysel approves her own payment
      When Aysel approves the payment
      Then it is refused, because only staff may do that
      And the order is on hold

    Example: Aysel moves her own order
      When Aysel moves the order to completed
      Then it is refused, because only staff may do that
      And the order is on hold

    Example: Aysel has her own bill verified
      When Aysel has the bill verified
      Then it is refused, because only staff may do that

  Rule: Customers do not set up the shop
    Example: Aysel sets the price of what she wants
      When Aysel sets the price of "Copper kettle" to 0.01 AZN
      Then it is refused, because only staff may do that
      And "Copper kettle" costs 40.00 AZN

    Example: Aysel changes a payment method
      When Aysel changes how bank transfer works
      Then it is refused, because only staff may do that

  Rule: Without signing in nobody does the work of staff
    Example: Somebody approves a payment
      When somebody not signed in approves the payment
      Then it is refused, because signing in is required
      And the order is on hold
