@payment
Feature: Going on after trouble
  In order not to be stuck behind a gateway's bad minute
  As a customer
  I want to check out again and pay once

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has put 2 "Copper kettle" in her cart

  Rule: Checking out again goes on with the same order
    @where_references_are_found
    Example: The gateway never heard of the payment
      Given Aysel has checked out by card in vain, as the gateway gives no answer
      When Aysel checks out by card
      Then Aysel has 1 order
      And Aysel is sent to the gateway to pay
      And the order has 1 payment

    @where_references_are_found
    Example: The gateway's answer was lost
      Given Aysel has checked out by card in vain, as the gateway loses its answers
      When Aysel checks out by card
      Then Aysel has 1 order
      And the order has 1 payment
      And the gateway knows 1 payment of the order

    Example: The order is paid after all
      Given Aysel has checked out by card in vain, as the gateway loses its answers
      When Aysel pays for her order by card
      Then the order is in processing
      And the gateway has taken 80.00 AZN

  Rule: Money counts though the gateway's answer to the opening was lost
    @where_amounts_are_told
    Example: The gateway had opened the payment
      Given Aysel has checked out by card in vain, as the gateway loses its answers
      When the money arrives all the same, and the gateway reports it
      Then the order is in processing
      And the payment is a success
      And 3 "Copper kettle" are left in stock

  Rule: Another way of paying replaces a payment nobody could begin
    Example: Aysel would rather pay on delivery
      Given Aysel has checked out by card in vain, as the gateway gives no answer
      When Aysel checks out by cash on delivery
      Then Aysel has 1 order
      And the order is on hold
      And the first payment of the order is failed
      And the order has 2 payments

  Rule: Trouble that lasts makes no second order
    Example: The gateway is still silent
      Given Aysel has checked out by card in vain, as the gateway gives no answer
      And the gateway gives no answer
      When Aysel checks out by card
      Then it is refused, because the gateway is in trouble
      And Aysel has 1 order
