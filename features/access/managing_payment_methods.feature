@access
Feature: Managing payment methods
  In order to be paid the way that suits my shop
  As a member of staff
  I want to set up ways to pay without showing their secrets

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And the shop offers card
    And the shop offers bank transfer

  Rule: A method has a backend, approval, settings and rules
    Example: Staff look at a gateway method
      When staff look at how card works
      Then the method is enabled and approves by itself
      And the method shows its backend and settings

    Example: Staff look at a method with a rule
      Given bank transfer is accepted up to 150.00 AZN
      When staff look at how bank transfer works
      Then the method shows that it is accepted up to 150.00 AZN

  Rule: The secrets of a method are never shown again
    Example: The gateway's keys
      When staff look at how card works
      Then the method shows none of its secrets

    Example: The secrets stay when the name is changed
      Given staff have renamed card
      And Aysel has ordered 2 "Copper kettle"
      When the bank confirms 80.00 AZN
      Then the order is in processing

  Rule: Settings are checked by the backend
    Example: A setting nobody knows
      When staff give card a setting nobody knows
      Then it is refused, because it cannot be understood

  Rule: A withdrawn method stops new checkouts only
    Example: A payment under way is still heard
      Given Aysel has ordered 2 "Copper kettle"
      And the shop no longer offers card
      When the bank confirms 80.00 AZN
      Then the order is in processing

    Example: Customers see only what is offered
      Given the shop no longer offers bank transfer
      When somebody not signed in asks which methods there are
      Then card is among the methods
      And bank transfer is not among the methods
