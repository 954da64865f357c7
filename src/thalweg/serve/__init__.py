"""How does one look at surfaces, runs and races in a browser, and play with the rules there?"""
