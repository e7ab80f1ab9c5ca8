"""`rightstate console`: pages in the browser that call the operations which the commands call.

`access` alone knows that there is one user, on this machine's loopback interface. Every other module is
given a `Visit`: whose workspace it is, what was sent, and what may be done.
"""
