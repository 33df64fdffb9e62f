-- The service's own tables. Those of plangate lie in the same database, in the schema `plangate`.
CREATE TABLE tickets (
    ticket_id text PRIMARY KEY, -- also the id of its plan
    customer text NOT NULL,
    title text NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE results (
    ticket_id text NOT NULL REFERENCES tickets,
    task_id text NOT NULL,
    token bigint NOT NULL, -- of the claim under which it was made
    text text NOT NULL,
    PRIMARY KEY (ticket_id, task_id, token)
);

-- No unique key on `position`: the row in `cursors` alone makes each notice the only one.
CREATE TABLE notices (
    notice_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    position bigint NOT NULL,
    ticket_id text NOT NULL,
    task_id text NOT NULL,
    confidence double precision NOT NULL
);

CREATE TABLE cursors (
    name text PRIMARY KEY,
    position bigint NOT NULL
);
INSERT INTO cursors VALUES ('notices', 0);
