@fulfilment
Feature: Cancelling orders
  In order to change my mind in time
  As a customer
  I want to cancel an order I have not paid for

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has ordered 2 "Copper kettle"

  Rule: An unpaid order may be cancelled
    Example: Aysel changes her mind
      When Aysel cancels her order
      Then the order is cancelled
      And the payment is failed
      And 5 "Copper kettle" are free to buy
      And the gateway takes no money for the payment any more

    Example: A failed order is cancelled
      Given the bank has refused Aysel's first payment
      When Aysel cancels her order
      Then the order is cancelled

  Rule: Staff may cancel for a customer
    Example: Staff cancel the order
      When staff cancel the order
      Then the order is cancelled

    Example: Staff set the order to cancelled
      When staff move the order to cancelled
      Then the order is cancelled

  Rule: What is over stays over
    Example: A paid order is not cancelled
      Given Aysel has paid for her order by card
      When Aysel cancels her order
      Then it is refused, because the order cannot move there
      And the order is in processing

    Example: A cancelled order is not paid for
      Given Aysel has cancelled her order
      When Aysel tries to pay for her order by card
      Then it is refused, because the order cannot move there
      And the order is cancelled

  Rule: A silent gateway stops no order from being safe
    Example: The gateway cannot say whether money is coming
      Given the gateway gives no answer
      When Aysel cancels her order
      Then it is refused, because the gateway is in trouble
      And the order is on hold
