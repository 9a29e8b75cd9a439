@payment
Feature: Forged reports
  In order not to give goods away
  As a shop owner
  I want only the gateway to be heard

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has ordered 2 "Copper kettle"

  Rule: A report that the gateway did not sign is refused
    Example: No signature at all
      When a stranger reports the payment as confirmed, without a signature
      Then it is refused, because it is forged
      And the order is on hold

    Example: The signature of another merchant
      When a stranger reports the payment as confirmed, with another merchant's signature
      Then it is refused, because it is forged
      And the order is on hold

  Rule: A signature must fit its report and be fresh
    Example: A signature that does not fit
      When a stranger reports the payment as confirmed, with a spoilt signature
      Then it is refused, because it is forged
      And the order is on hold

    Example: A true signature that is an hour old
      When a stranger reports the payment as confirmed, with an hour-old signature
      Then it is refused, because it is forged
      And the order is on hold

  Rule: A forged return shows only what is already known
    Example: The return of a payment still open
      When a forged return says that the payment is confirmed
      Then Aysel lands on the success page, told of pending
      And the order is on hold

    Example: The return of a payment that failed
      Given the bank has refused Aysel's first payment
      When a forged return says that the payment is confirmed
      Then Aysel lands on the failure page, told of failed
      And the order is failed
