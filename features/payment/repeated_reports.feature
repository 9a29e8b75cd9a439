@payment
Feature: Repeated reports
  In order to sell each thing once
  As a shop owner
  I want a report that comes again to change nothing

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has ordered 2 "Copper kettle"

  Rule: A payment is settled exactly once
    Example: The gateway repeats its confirmation
      Given Aysel has paid for her order by card
      When the gateway repeats its report 3 times
      Then the report is taken
      And the order was sent to processing once
      And 3 "Copper kettle" are left in stock

    Example: Aysel comes back twice
      Given Aysel has paid for her order by card
      When Aysel comes back from the gateway
      Then Aysel lands on the success page, told of success
      And the order was sent to processing once
      And 3 "Copper kettle" are left in stock

    Example: The gateway repeats its refusal
      Given the bank has refused Aysel's first payment
      When the gateway repeats its report 2 times
      Then the order is failed
      And 5 "Copper kettle" are free to buy
