@checkout
Feature: Paying offline
  In order to serve customers who do not pay by card
  As a shop owner
  I want orders to wait until my staff have seen the money

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has put 2 "Copper kettle" in her cart

  Rule: An offline order waits on hold, unpaid
    Example: Cash on delivery
      When Aysel checks out by cash on delivery
      Then the order is on hold
      And the order is unpaid
      And nothing is left for Aysel to do
      And Aysel's cart is empty

    Example: Bank transfer tells how to pay
      When Aysel checks out by bank transfer
      Then Aysel is told how to pay, with a reference
      And 2 "Copper kettle" are held

    Example: Payment in advance
      When Aysel checks out by payment in advance
      Then the order is on hold
      And the payment is not completed

  Rule: The word of staff makes an offline order paid
    Example: The transfer has come in
      Given Aysel has checked out by bank transfer
      When staff approve the payment
      Then the order is in processing
      And the payment is a success
      And 3 "Copper kettle" are left in stock

    Example: The courier brought nothing back
      Given Aysel has checked out by cash on delivery
      When staff move the order to failed
      Then the payment is failed
      And 5 "Copper kettle" are free to buy

  Rule: An offline method hears no gateway
    Example: A stranger reports a transfer
      Given Aysel has checked out by bank transfer
      When a stranger reports the payment as confirmed, without a signature
      Then it is refused, because nothing of the kind is known
      And the order is on hold
