@payment
Feature: What a bill tells
  In order to follow the money to the gateway and back
  As a member of staff
  I want every payment to have a bill that says what was asked and answered

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has ordered 2 "Copper kettle"

  Rule: A bill says what was asked of whom
    Example: A bill waiting for the customer
      When staff look at the bill
      Then the bill comes to 80.00 AZN
      And the bill names the gateway as its backend
      And the bill belongs to the order and its payment method
      And the bill shows where Aysel must go to pay
      And the bill is not verified

    Example: A bill nobody has to go anywhere for
      Given Murad has ordered 1 "Copper kettle" by bank transfer
      When staff look at the bill
      Then the bill shows nowhere to go

  Rule: A bill is verified when the gateway itself has confirmed it
    Example: A paid bill
      Given Aysel has paid for her order by card
      When staff look at the bill
      Then the bill is verified
      And the bill names the gateway's own transaction

  Rule: A bill says when it was made and last changed
    Example: A bill changes when it is paid
      Given Aysel has paid for her order by card
      When staff look at the bill
      Then the bill was last changed after it was made
