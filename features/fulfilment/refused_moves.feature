@fulfilment
Feature: Refused moves
  In order to trust the status of an order
  As a member of staff
  I want impossible moves to be refused and to change nothing

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has ordered 2 "Copper kettle"

  Rule: Orders never move backward
    Example: A shipped order is not processed again
      Given Aysel has paid for her order by card
      And staff have moved the order to shipped
      When staff move the order to in processing
      Then it is refused, because the order cannot move there
      And the order is shipped

    Example: A completed order stays completed
      Given Aysel has paid for her order by card
      And staff have moved the order to completed
      When staff move the order to shipped
      Then it is refused, because the order cannot move there
      And the order is completed

    Example: A shipped order is not shipped twice
      Given Aysel has paid for her order by card
      And staff have moved the order to shipped
      When staff move the order to shipped
      Then it is refused, because the order cannot move there

  Rule: Nothing is shipped before it is paid
    Example: An order on hold
      When staff move the order to shipped
      Then it is refused, because the order cannot move there
      And the order is on hold

  Rule: Moves that follow from a payment are left to the payment
    Example: Staff do not declare an order paid
      When staff move the order to in processing
      Then it is refused, because the order cannot move there
      And the order is unpaid

    Example: Staff do not declare a card payment failed
      When staff move the order to failed
      Then it is refused, because the order cannot move there
      And 2 "Copper kettle" are held
