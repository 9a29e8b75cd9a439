@payment
Feature: Auto approval
  In order to look at delicate orders before they are sent
  As a shop owner
  I want to choose for each method whether staff must approve its payments

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And card waits for approval by staff
    And Aysel has ordered 2 "Copper kettle"

  Rule: Without auto approval a paid order waits for staff
    Example: The money is there, the order waits
      When the bank confirms 80.00 AZN
      Then the payment is a success
      And the order is on hold
      And the order is paid
      And 2 "Copper kettle" are held
      And Aysel's cart is empty

    Example: Staff approve
      Given the bank has confirmed 80.00 AZN
      When staff approve the payment
      Then the order is in processing
      And 3 "Copper kettle" are left in stock

  Rule: Approving twice is approving once
    Example: Two members of staff approve
      Given the bank has confirmed 80.00 AZN
      And staff have approved the payment
      When staff approve the payment
      Then the order is in processing
      And the order was sent to processing once
      And 3 "Copper kettle" are left in stock

  Rule: Nobody approves what the gateway has not verified
    Example: The bank has said nothing yet
      When staff approve the payment
      Then it is refused, because the gateway has not confirmed it
      And the order is on hold
      And the payment is not completed
