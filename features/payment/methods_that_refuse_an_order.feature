@payment
Feature: Methods that refuse an order
  In order to offer each way of paying only where it suits the shop
  As a shop owner
  I want payment methods to refuse orders they are not meant for

  Background:
    Given 9 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has an unpaid order of 2 "Copper kettle"

  Rule: The rules of a method hold for orders as they do for carts
    Example: The order is too dear for the method
      Given cash on delivery is accepted up to 79.99 AZN
      When Aysel tries to pay for her order by cash on delivery
      Then it is refused, because the payment method does not accept it
      And the order is failed

    Example: The order just fits the method
      Given cash on delivery is accepted up to 80.00 AZN
      When Aysel tries to pay for her order by cash on delivery
      Then the order is on hold

    Example: A withdrawn method pays for no order
      Given the shop no longer offers bank transfer
      When Aysel tries to pay for her order by bank transfer
      Then it is refused, because the payment method is not offered

  Rule: The holder of the key is told which methods suit the order
    Example: Aysel asks how she may pay for her order
      Given cash on delivery is accepted up to 79.99 AZN
      When Aysel asks how she may pay for her order
      Then card may be used
      And cash on delivery may not be used, and the reason is given
