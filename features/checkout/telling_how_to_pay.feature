@checkout
Feature: Telling how to pay
  In order to send the right money to the right place in time
  As a customer
  I want to be told how to pay where there is no gateway to guide me

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has put 2 "Copper kettle" in her cart

  Rule: Every payment without a gateway has a reference of its own
    Example: Two customers transfer the same amount
      Given Murad has ordered 2 "Copper kettle" by bank transfer
      When Aysel checks out by bank transfer
      Then Aysel is told another reference than Murad
      And the order tells the same reference

    Example: The reference can still be looked up when the money is there
      Given Aysel has checked out by bank transfer
      When staff approve the payment
      Then the order is in processing
      And the order tells the same reference

  Rule: Who pays in advance is told until when
    Example: The shop has not said how long
      When Aysel checks out by payment in advance
      Then Aysel is given 14 days to pay

    Example: The shop gives a week
      Given payment in advance is due within 7 days
      When Aysel checks out by payment in advance
      Then Aysel is given 7 days to pay

  Rule: Nobody is hurried who may pay at the door
    Example: The courier takes the money
      When Aysel checks out by cash on delivery
      Then Aysel is not told until when to pay
