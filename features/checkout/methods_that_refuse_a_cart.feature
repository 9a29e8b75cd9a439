@checkout
Feature: Methods that refuse a cart
  In order to offer each way of paying only where it suits the shop
  As a shop owner
  I want payment methods to refuse carts they are not meant for

  Background:
    Given 9 "Copper kettle" are in stock at 40.00 AZN each
    And Aysel has put 2 "Copper kettle" in her cart

  Rule: A method may ask for a least and a greatest amount
    Example: The cart is too dear for the method
      Given cash on delivery is accepted up to 79.99 AZN
      When Aysel checks out by cash on delivery
      Then it is refused, because the payment method does not accept it
      And 9 "Copper kettle" are free to buy

    Example: The cart is too cheap for the method
      Given bank transfer is accepted from 80.01 AZN on
      When Aysel checks out by bank transfer
      Then it is refused, because the payment method does not accept it

    Example: The cart just reaches the greatest amount
      Given cash on delivery is accepted up to 80.00 AZN
      When Aysel checks out by cash on delivery
      Then the order is on hold

  Rule: A method may be kept to chosen currencies, customers and goods
    Example: Another currency
      Given bank transfer is accepted in USD only
      When Aysel checks out by bank transfer
      Then it is refused, because the payment method does not accept it

    Example: Another customer
      Given bank transfer is accepted from Murad only
      When Aysel checks out by bank transfer
      Then it is refused, because the payment method does not accept it

    Example: Goods that are not paid for this way
      Given cash on delivery is not accepted for "Copper kettle"
      When Aysel checks out by cash on delivery
      Then it is refused, because the payment method does not accept it

  Rule: Customers are told beforehand which methods suit their cart
    Example: Aysel asks how she may pay
      Given cash on delivery is accepted up to 79.99 AZN
      And the shop offers card
      When Aysel asks how she may pay for her cart
      Then card may be used
      And cash on delivery may not be used, and the reason is given
