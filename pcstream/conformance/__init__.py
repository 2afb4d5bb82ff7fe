"""Judge how producers and consumers behave: the rules of the contract, and what checks them."""
