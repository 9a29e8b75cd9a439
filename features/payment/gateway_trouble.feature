@payment
Feature: Gateway trouble
  In order never to pay twice or lose an order
  As a customer
  I want a gateway's bad minute to leave my order as it was

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has put 2 "Copper kettle" in her cart

  Rule: A gateway that does not answer makes the checkout say so
    Example: The gateway gives no answer
      Given the gateway gives no answer
      When Aysel checks out by card
      Then it is refused, because the gateway is in trouble
      And Aysel is told which order was made

    Example: The gateway is much too slow
      Given the gateway is much too slow
      When Aysel checks out by card
      Then it is refused, because the gateway is in trouble

  Rule: An answer that makes no sense is no answer
    Example: The gateway answers with an error
      Given the gateway answers with an error
      When Aysel checks out by card
      Then it is refused, because the gateway is in trouble

    Example: The gateway answers with nonsense
      Given the gateway answers with nonsense
      When Aysel checks out by card
      Then it is refused, because the gateway is in trouble

  Rule: Unknown is not failed
    Example: The order waits for a better minute
      Given Aysel has checked out by card in vain, as the gateway gives no answer
      When Aysel looks at her order
      Then the order is on hold
      And the payment is not completed
      And 2 "Copper kettle" are held

    @in_one_dialect
    Example: The gateway falls silent when the payment is reported
      Given Aysel has checked out by card
      And the gateway gives no answer
      When the gateway reports the payment as refused, although it is not
      Then the report is taken
      And the order is on hold

  Rule: A gateway that says no has said no
    @in_one_dialect
    Example: The gateway refuses to open the payment
      Given the gateway refuses to open payments
      When Aysel checks out by card
      Then it is refused, because the gateway refused it
      And Aysel is told which order was made
      And the order is failed
      And 5 "Copper kettle" are free to buy
