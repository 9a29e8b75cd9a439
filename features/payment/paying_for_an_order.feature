@payment
Feature: Paying for an order
  In order to receive what I ordered
  As a customer
  I want to pay for my order, once and only once

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has ordered 2 "Copper kettle"

  Rule: A confirmed payment sends the order to processing
    Example: The bank confirms the full amount
      Given Aysel is paying for her order by card
      When the bank confirms 80.00 AZN
      Then the order is in processing
      And the order is paid
      And the payment is a success
      And 3 "Copper kettle" are left in stock

  Rule: What was bought leaves the cart
    Example: The whole cart was bought
      When the bank confirms 80.00 AZN
      Then Aysel's cart is empty

    Example: Something was added while paying
      Given 20 "Tea glass" are in stock at 2.35 AZN each
      And Aysel has put 3 "Tea glass" in her cart
      When the bank confirms 80.00 AZN
      Then the order is in processing
      And Aysel's cart holds 3 "Tea glass"
      And Aysel's cart costs 7.05 AZN

  Rule: An order is paid at most once
    Example: Aysel tries to pay again
      Given Aysel has paid for her order by card
      When Aysel tries to pay for her order by card
      Then it is refused, because the order is already paid
      And the gateway has taken 80.00 AZN

    Example: Aysel starts a second payment beside the first
      When Aysel tries to pay for her order by card
      Then it is refused, because a payment is under way
      And Aysel is shown the way back to the gateway
