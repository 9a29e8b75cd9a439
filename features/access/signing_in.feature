@access
Feature: Signing in
  In order to come back to my cart and my orders
  As a customer
  I want an account that only I can use

  Rule: An address belongs to one account
    Example: Aysel opens an account
      When Aysel opens an account
      Then Aysel is known by her name and address

    Example: The address is already taken
      Given Aysel has an account
      When Murad opens an account with Aysel's address
      Then it is refused, because the address is taken

  Rule: Only the right password signs in
    Example: The right password
      Given Aysel has an account
      When Aysel signs in with the right password
      Then Aysel may use her cart

    Example: A wrong password
      Given Aysel has an account
      When Aysel signs in with a wrong password
      Then it is refused, because signing in is required

    Example: An unknown address reads like a wrong password
      Given Aysel has an account
      When the answers to a wrong password and to an unknown address are compared
      Then both answers are the same
