@access
Feature: Order keys
  In order to pay and follow an order without signing in
  As a customer with a link
  I want the key of the order to be enough, and nothing less

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has an unpaid order of 2 "Copper kettle"

  Rule: Whoever holds the key may see and pay the order
    Example: A friend without an account looks at the order
      When somebody with the key looks at the order
      Then they see an order of 80.00 AZN

    Example: A friend without an account pays
      When somebody with the key pays for the order by card
      Then the order is in processing

    Example: A friend without an account asks how to pay
      When somebody with the key asks how the order may be paid
      Then card may be used

  Rule: A wrong key opens nothing
    Example: A guessed key shows no order
      When somebody with a guessed key looks at the order
      Then it is refused, because nothing of the kind is known

    Example: A guessed key pays for nothing
      When somebody with a guessed key pays for the order by card
      Then it is refused, because nothing of the kind is known

    Example: A guessed key cancels nothing
      When somebody with a guessed key cancels the order
      Then it is refused, because nothing of the kind is known
      And the order is failed

  Rule: Every order has a key of its own
    Example: Two orders of one customer
      Given Aysel has an unpaid order of 1 "Copper kettle"
      When Aysel looks at her orders
      Then the keys of the orders differ
