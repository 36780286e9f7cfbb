# Prints the fixed input of tests/cost/run: 20,000 records of nine fields, with a state after every thousand.
#
# No address comes twice: a record that meets an earlier one of its contact waits or is folded, depending on what is under way,
# so that the work would differ from run to run. Whoever changes this file measures something else: renew the figure.
BEGIN {
  for (number = 1; number <= 20000; number++) {
    printf "{\"type\":\"RECORD\",\"record\":{\"stream\":\"users\",\"emitted_at\":1700000000000,\"data\":{"
    printf "\"email\":\"Person.%d@Example.com\",\"first_name\":\"Zoë %d\",\"last_name\":\"O'Neill \\\"%d\\\"\",", number, number % 977, number % 613
    printf "\"phone\":\"+49 30 %07d\",\"company\":\"Company %d GmbH & Co. KG\",\"city\":\"São Paulo\",", number * 37 % 9999991, number % 401
    printf "\"favourite_number\":%d.%02d,\"newsletter_opt_in\":%s,", number % 5003, number % 100, number % 3 ? "true" : "false"
    printf "\"last_login\":\"2025-%02d-%02dT%02d:%02d:00Z\"}}}\n", number % 12 + 1, number % 28 + 1, number % 24, number % 60
    if (number % 1000 == 0) {
      printf "{\"type\":\"STATE\",\"state\":{\"type\":\"STREAM\",\"stream\":{\"stream_descriptor\":{\"name\":\"users\"},\"stream_state\":{\"at\":%d}},", number
      printf "\"sourceStats\":{\"recordCount\":1000.0},\"id\":%d}}\n", number / 1000
    }
  }
}
