@payment
Feature: Paying from a wallet
  In order to spend what the shop owes me without a bank in between
  As a customer
  I want to pay from a wallet that the shop keeps for me

  Background:
    Given 5 "Copper kettle" are in stock at 40.00 AZN each
    And staff have put 100.00 AZN in Aysel's wallet

  Rule: A wallet pays within the checkout, and never more than it holds
    Example: There is enough in it
      Given Aysel has put 2 "Copper kettle" in her cart
      When Aysel checks out by wallet
      Then the order is in processing
      And nothing is left for Aysel to do
      And Aysel's wallet holds 20.00 AZN

    Example: There is too little in it
      Given Aysel has put 3 "Copper kettle" in her cart
      When Aysel checks out by wallet
      Then it is refused, because the payment method does not accept it
      And Aysel's wallet holds 100.00 AZN
      And Aysel's cart holds 3 "Copper kettle"

    Example: Aysel asks before she orders
      Given the shop offers wallet
      And Aysel has put 3 "Copper kettle" in her cart
      When Aysel asks how she may pay for her cart
      Then wallet may not be used, and the reason is given

  Rule: A wallet pays for nobody but its owner
    Example: A friend has the key of the order
      Given Aysel has ordered 2 "Copper kettle" by bank transfer
      When Aysel tries to pay for her order by wallet
      Then it is refused, because the payment method does not accept it
      And Aysel's wallet holds 100.00 AZN

  Rule: What is given up before it was approved comes back
    Example: Aysel changes her mind in time
      Given wallet waits for approval by staff
      And Aysel has ordered 2 "Copper kettle" by wallet
      When Aysel cancels her order
      Then the order is cancelled
      And Aysel's wallet holds 100.00 AZN

  Rule: Only staff put money in
    Example: Staff say sorry
      When staff put 5.00 AZN in Aysel's wallet
      Then Aysel's wallet holds 105.00 AZN

    Example: Aysel is generous to herself
      When Aysel puts 5.00 AZN in her wallet
      Then it is refused, because only staff may do that
      And Aysel's wallet holds 100.00 AZN
