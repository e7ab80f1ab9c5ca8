"""What the states of the definition take and return: the contract between them.

Nothing here may hold a credential or a raw AWS response, because all of it is state data and stays in
the execution history.
"""
