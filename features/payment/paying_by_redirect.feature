@payment
Feature: Paying by redirect
  In order to give my card number to the bank alone
  As a customer
  I want to pay on the pages of the gateway and come back

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has put 2 "Copper kettle" in her cart

  Rule: A checkout by card leads to the gateway
    Example: Aysel is sent to the gateway
      When Aysel checks out by card
      Then Aysel is sent to the gateway to pay
      And the payment is not completed
      And the gateway is asked for 80.00 AZN

  Rule: The customer lands where the payment left them
    Example: The payment succeeded
      Given Aysel has checked out by card
      When the bank confirms 80.00 AZN
      Then Aysel lands on the success page, told of success

    Example: The payment failed
      Given Aysel has checked out by card
      When the bank refuses the payment
      Then Aysel lands on the failure page, told of failed

    Example: The bank has not decided yet
      Given Aysel has checked out by card
      When the bank takes its time
      Then Aysel lands on the success page, told of pending
      And the order is on hold

  Rule: A shop may ask for its customers back at its own address
    Example: Back at the shop's own page
      Given Aysel has checked out by card, to come back to the shop's own page
      When the bank confirms 80.00 AZN
      Then Aysel lands on the shop's own page, told of success

    Example: Somebody else's page
      When Aysel checks out by card, to come back to a stranger's page
      Then it is refused, because it cannot be understood
      And Aysel has no orders
