CREATE TABLE view_plans (
    side smallint NOT NULL,
    plan_id text COLLATE "C" NOT NULL,
    goal text,
    state text NOT NULL,
    verdict text NOT NULL,
    may_continue boolean NOT NULL,
    changes_at timestamptz,
    rolling_confidence double precision NOT NULL,
    confidence_threshold double precision NOT NULL,
    scored bigint NOT NULL,
    scoring_failed bigint NOT NULL,
    clamped bigint NOT NULL,
    done_unscored bigint NOT NULL,
    awaits_judges bigint NOT NULL,
    needs_replan boolean NOT NULL,
    replan_due boolean NOT NULL,
    replan_count bigint NOT NULL,
    gate_tripped boolean NOT NULL,
    gate_lows bigint NOT NULL,
    gate_replans bigint NOT NULL,
    gate_exhausted boolean NOT NULL,
    next_task_id text,
    task_count bigint NOT NULL,
    pending bigint NOT NULL,
    in_progress bigint NOT NULL,
    done bigint NOT NULL,
    failed bigint NOT NULL,
    replanning bigint NOT NULL,
    priority bigint NOT NULL,
    highest_priority bigint,
    labels text[] NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    created_position bigint NOT NULL,
    updated_position bigint NOT NULL,
    PRIMARY KEY (side, plan_id)
);
CREATE INDEX ON view_plans (side, created_position);
CREATE INDEX ON view_plans (side, updated_position);
CREATE INDEX ON view_plans (side, rolling_confidence, created_position);
CREATE INDEX ON view_plans (side, priority DESC, created_position);
CREATE INDEX ON view_plans (side, highest_priority DESC, created_position);
CREATE TABLE view_words (
    side smallint NOT NULL,
    created_position bigint NOT NULL,
    part integer NOT NULL,
    words tsvector NOT NULL,
    PRIMARY KEY (side, created_position, part)
);
CREATE INDEX ON view_words USING gin (words);
CREATE TABLE view_board (
    side smallint NOT NULL,
    plan_id text COLLATE "C" NOT NULL,
    task_id text COLLATE "C" NOT NULL,
    title text,
    status text NOT NULL,
    since timestamptz NOT NULL,
    prompt_score double precision,
    output_score double precision,
    confidence double precision,
    replan_count bigint NOT NULL,
    attempt bigint NOT NULL,
    worker text,
    lease_until timestamptz,
    priority bigint,
    labels text[] NOT NULL,
    place bigint NOT NULL,
    plan_position bigint NOT NULL,
    PRIMARY KEY (side, plan_id, task_id)
);
CREATE INDEX ON view_board (side, status, plan_position, place);
CREATE TABLE view_timeline (
    side smallint NOT NULL,
    plan_id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    position bigint NOT NULL,
    at timestamptz NOT NULL,
    occurred_at timestamptz,
    task_id text NOT NULL,
    kind text NOT NULL,
    score double precision NOT NULL,
    raw_score double precision,
    scorer jsonb,
    attempt bigint NOT NULL,
    task_confidence double precision,
    rolling_confidence double precision NOT NULL,
    confidence_threshold double precision NOT NULL,
    PRIMARY KEY (side, plan_id, version)
);
CREATE TABLE view_replans (
    side smallint NOT NULL,
    plan_id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    position bigint NOT NULL,
    at timestamptz NOT NULL,
    task_id text NOT NULL,
    rolling_confidence double precision NOT NULL,
    confidence_threshold double precision NOT NULL,
    replan_count bigint NOT NULL,
    attempt bigint NOT NULL,
    PRIMARY KEY (side, plan_id, version)
);
CREATE INDEX ON view_replans (side, position);
