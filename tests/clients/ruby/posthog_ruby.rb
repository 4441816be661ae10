# frozen_string_literal: true

# posthog-ruby, as its users call it; `ruby -I FOLDER/lib` finds it.

require 'json'
require 'posthog'

NOTES = []

# What the client logs.
class Noted
  %i[debug info].each { |name| define_method(name) { |*| } }
  %i[warn error].each { |name| define_method(name) { |said| NOTES << said unless said.include?('deprecated') } }
end
PostHog::Logging.logger = Noted.new

def options(asked)
  %w[groups person_properties group_properties].to_h { |name| [name.to_sym, asked[name] || {}] }
end

def made(asked, **more)
  PostHog::Client.new(api_key: asked['project_key'], host: asked['url'], disable_singleton_warning: true, **more)
end

def flag(client, asked, **more)
  key = asked['flag_key']
  flags = client.evaluate_flags(asked['distinct_id'], flag_keys: [key], **options(asked), **more)
  { value: flags.get_flag(key), payload: flags.get_flag_payload(key) }
end

def ask(asked, **more)
  client = made(asked, test_mode: true, feature_flags_polling_interval: 86_400,
                       feature_flag_request_timeout_seconds: 60, **more)
  flag(client, asked, only_evaluate_locally: more.key?(:secret_key))
ensure
  client&.shutdown
end

def in_turn(cases)
  cases.map do |asked|
    yield asked
  rescue StandardError, SystemStackError => e
    { crash: e.class.name }
  end
end

VERBS = {
  'ask' => ->(asked) { in_turn(asked['cases']) { |each| ask(each) } },
  'askLocally' => ->(asked) { in_turn(asked['cases']) { |each| ask(each, secret_key: each['secret_key']) } },
  'open' => lambda { |asked|
    secret = asked['secret_key']
    more = secret ? { secret_key: secret, feature_flags_polling_interval: 1 } : {}
    $client = made(asked, on_error: proc { |status, error| NOTES << "#{status} #{error}" }, **more)
    nil
  },
  'flags' => ->(asked) { $client.get_all_flags_and_payloads(asked['distinct_id'], **options(asked)) },
  'flag' => ->(asked) { flag($client, asked, only_evaluate_locally: asked['is_local'] || false) },
  'remoteConfig' => ->(asked) { $client.get_remote_config_payload(asked['flag_key']) },
  'capture' => lambda { |asked|
    $client.capture(distinct_id: asked['distinct_id'], event: asked['event'], properties: asked['properties'])
  },
  'flush' => lambda { |_|
    $client.flush
    nil
  },
  'notes' => ->(_) { NOTES.slice!(0..) },
  'end' => ->(_) { $client.shutdown }
}.freeze

$stdout.sync = true
puts JSON.generate(name: 'posthog-ruby', version: PostHog::VERSION)
$stdin.each_line do |line|
  asked = JSON.parse(line, max_nesting: false)
  puts JSON.generate(answer: VERBS.fetch(asked['do']).call(asked))
rescue StandardError => e
  puts JSON.generate(crash: e.full_message(highlight: false))
end
