@payment
Feature: Contradicting reports
  In order to rely on the state of an order
  As a shop owner
  I want the gateway's own answer to decide, not what a report says

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has ordered 2 "Copper kettle"

  Rule: A report is a hint, and the gateway is asked
    Example: A signed report of a payment nobody made
      When the gateway reports the payment as confirmed, although it is not
      Then the report is taken
      And the order is on hold
      And the bill is not verified

    Example: A signed report of a refusal that never was
      When the gateway reports the payment as refused, although it is not
      Then the report is taken
      And the order is on hold

  Rule: What is paid stays paid
    Example: A refusal is reported after the confirmation
      Given Aysel has paid for her order by card
      When the gateway reports the payment as refused, although it is not
      Then the report is taken
      And the order is in processing
      And the payment is a success

  Rule: A report speaks of one payment only
    Example: The report of another customer's payment
      Given 9 "Box of halva" are in stock at 80.00 AZN each
      And Murad has ordered 1 "Box of halva"
      And Murad has paid for his order by card
      When the gateway's report on Murad's payment is sent for Aysel's
      Then the report is taken
      And Aysel's order is on hold
