@fulfilment
Feature: Order status flow
  In order to know where each order stands
  As a member of staff
  I want orders to move forward step by step

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has ordered 2 "Copper kettle"

  Rule: A paid order is shipped, delivered and completed
    Example: An order is shipped
      Given Aysel has paid for her order by card
      When staff move the order to shipped
      Then the order is shipped
      And the order may next become delivered, completed

    Example: A shipped order is delivered
      Given Aysel has paid for her order by card
      And staff have moved the order to shipped
      When staff move the order to delivered
      Then the order is delivered

    Example: A delivered order is completed
      Given Aysel has paid for her order by card
      And staff have moved the order to delivered
      When staff move the order to completed
      Then the order is completed
      And the order may next become nothing else

  Rule: Steps may be skipped forward
    Example: Goods handed over in the shop
      Given Aysel has paid for her order by card
      When staff move the order to completed
      Then the order is completed

  Rule: An order remembers every move and who made it
    Example: The whole way of an order
      Given Aysel has paid for her order by card
      When staff move the order to shipped
      Then the order went from new to on hold
      And the order went from on hold to in processing
      And the order went from in processing to shipped

    Example: A failed order tried again
      Given the bank has refused Aysel's first payment
      When Aysel pays for her order by card
      Then the order went from on hold to failed
      And the order went from failed to on hold
      And the order went from on hold to in processing
