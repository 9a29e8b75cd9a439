@checkout
Feature: What stops a checkout
  In order never to pay for what I cannot have
  As a customer
  I want an impossible checkout to be refused whole

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each

  Rule: A cart must hold something
    Example: The cart is empty
      When Aysel checks out by card
      Then it is refused, because the cart is empty
      And Aysel has no orders

  Rule: Everything in the cart must still be in stock
    Example: Murad was quicker
      Given Aysel has put 2 "Copper kettle" in her cart
      And Murad has ordered 4 "Copper kettle"
      When Aysel checks out by card
      Then it is refused, because too few are in stock
      And Aysel has no orders
      And Aysel's cart holds 2 "Copper kettle"

  Rule: The payment method must be offered
    Example: A method the shop never had
      Given Aysel has put 2 "Copper kettle" in her cart
      When Aysel checks out by sea shells
      Then it is refused, because the payment method is not offered
      And 5 "Copper kettle" are free to buy

    Example: A method the shop has withdrawn
      Given Aysel has put 2 "Copper kettle" in her cart
      And the shop no longer offers bank transfer
      When Aysel checks out by bank transfer
      Then it is refused, because the payment method is not offered

  Rule: The customer pays the total they have seen
    Example: The price rose while Aysel was looking
      Given Aysel has put 2 "Copper kettle" in her cart
      And the price of "Copper kettle" has become 45.00 AZN
      When Aysel checks out by card, expecting to pay 80.00 AZN
      Then it is refused, because the total has changed
      And Aysel has no orders

    Example: The total is as Aysel saw it
      Given Aysel has put 2 "Copper kettle" in her cart
      When Aysel checks out by card, expecting to pay 80.00 AZN
      Then the order comes to 80.00 AZN
